/* list: a circular, doubly linked, intrusive list. The head is a node too. */
#ifndef WY_BASE_LIST_H
#define WY_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct wy_list {
  struct wy_list *next, *prev;
} wy_list;

#define wy_container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void wy_list_init(wy_list *l) { l->next = l->prev = l; }
static inline bool wy_list_empty(const wy_list *l) { return l->next == l; }

static inline void wy_list_push(wy_list *head, wy_list *node) {
  node->prev = head->prev;
  node->next = head;
  head->prev->next = node;
  head->prev = node;
}

/* Safe on a node that is in no list but initialised. */
static inline void wy_list_remove(wy_list *node) {
  node->prev->next = node->next;
  node->next->prev = node->prev;
  wy_list_init(node);
}

/* The first node, taken out; NULL when empty. */
static inline wy_list *wy_list_shift(wy_list *head) {
  if (wy_list_empty(head)) return NULL;
  wy_list *node = head->next;
  wy_list_remove(node);
  return node;
}

#endif
